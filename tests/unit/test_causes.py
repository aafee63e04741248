"""One cause, one report: what only follows from another failure names it."""

from __future__ import annotations

from kafka_forge.examining import causes
from kafka_forge.values.model import CheckResult, Verdict


def failed(check: str, summary: str, broker: str | None = None) -> CheckResult:
    return CheckResult(check, Verdict.FAIL, summary, broker=broker)


def because(*results: CheckResult) -> list[str | None]:
    return [each.because for each in causes.explain(results)]


LEFT_OUT = failed("extension-links[m]", "the package has no extension module m")


def test_what_a_missing_extension_leads_to_is_not_reported_by_itself() -> None:
    found = because(
        failed("imports[m]", "ModuleNotFoundError: No module named 'm'"),
        LEFT_OUT,
        failed("one-librdkafka", "0 copies of librdkafka are loaded: none"),
        failed("recipe-tests[1/python]", "test 1 (python) fails: it"),
    )
    assert found == [LEFT_OUT.id, None, LEFT_OUT.id, LEFT_OUT.id]


def test_what_has_a_cause_of_its_own_stands_beside_it() -> None:
    assert because(LEFT_OUT, failed("features", "missing: ssl"), failed("licenses", "none")) == [None, None, None]


def test_a_chain_leads_to_its_root() -> None:
    rpath = failed("rpath-inside-prefix", "x: nothing in the package or its dependencies brings librdkafka.so.1")
    links = failed("extension-links[m]", "librdkafka.so.1 is not found in the prefix")
    assert because(failed("features", "no single librdkafka is loaded"), links, rpath) == [rpath.id, rpath.id, None]


def test_two_failures_never_explain_each_other() -> None:
    rpath = failed("rpath-inside-prefix", "x: nothing in the package or its dependencies brings librdkafka.so.2")
    links = failed("extension-links[m]", "does not need librdkafka.so.1 (it needs librdkafka.so.2)")
    assert because(rpath, links) == [links.id, None]


def test_messages_that_are_missing_explain_their_order_in_that_case_and_on_that_broker_alone() -> None:
    lost = failed("roundtrip-delivery[default/consume/gzip]", "1 is not there", "4.4.0")
    same = failed("roundtrip-order[default/consume/gzip]", "of 10 messages", "4.4.0")
    case = failed("roundtrip-order[default/consume/none]", "of 10 messages", "4.4.0")
    broker = failed("roundtrip-order[default/consume/gzip]", "of 10 messages", "3.9.2")
    assert because(lost, same, case, broker) == [None, lost.id, None, None]


def test_what_passes_is_left_alone() -> None:
    passed = CheckResult("imports[m]", Verdict.PASS, "No module named")
    assert because(LEFT_OUT, passed) == [None, None]


def test_a_missing_extension_does_not_explain_that_another_package_is_missing() -> None:
    links = failed("extension-links[m.sub._c]", "the package has no extension module m.sub._c")
    own = failed("imports[m.sub]", "ModuleNotFoundError: No module named 'm.sub._c'")
    other = failed("imports[m]", "ModuleNotFoundError: No module named 'pkg_resources'")
    command = failed(
        "commands[m-tool]", "m-tool ended with status 1: ModuleNotFoundError: No module named 'pkg_resources'"
    )
    assert because(links, own, other, command) == [None, links.id, None, other.id]


def test_a_client_that_handles_nothing_explains_the_other_checks_of_its_mode_and_not_itself() -> None:
    said = "the client handled no message (KafkaException: no such property)"
    sends, reads = (failed(f"roundtrip-acceleration[asyncio/{way}]", said, "4.4.0") for way in ("produce", "consume"))
    same = failed("roundtrip-headers[asyncio/produce/gzip]", "nothing arrived", "4.4.0")
    other = failed("roundtrip-headers[default/produce/gzip]", "nothing arrived", "4.4.0")
    assert because(sends, reads, same, other) == [None, None, sends.id, None]
    below = failed("roundtrip-acceleration[rdkafka/consume]", said, "4.4.0")
    loop = failed("roundtrip-group[asyncio-rdkafka]", "nothing arrived", "4.4.0")
    assert because(below, loop) == [None, below.id]


def test_an_extension_without_its_library_explains_the_symbols_and_a_symbol_the_import() -> None:
    unlinked = failed("extension-links[m]", "does not need librdkafka.so.1; the import of m gives ImportError")
    symbols = failed("symbols-exist", "m.so: no library of the prefix exports rd_kafka_new")
    assert because(unlinked, symbols) == [None, unlinked.id]
    assert because(failed("extension-links[m]", "the import of m gives ImportError"), symbols) == [symbols.id, None]


def test_a_private_copy_explains_what_the_client_is_linked_with() -> None:
    copy = failed("no-private-copies", "m.so holds a copy of librdkafka")
    links = failed("extension-links[m]", "does not need librdkafka.so.1 (it needs librdkafka-1.so.1)")
    contents = failed("package-contents", "libs/librdkafka-1.so.1 is unwanted")
    assert because(copy, links, contents, failed("one-librdkafka", "2 copies")) == [None, copy.id, copy.id, copy.id]


def test_a_library_that_is_not_found_does_not_explain_that_a_module_is_missing() -> None:
    rpath = failed("rpath-inside-prefix", "the package has no binary")
    links = failed("extension-links[m.sub._c]", "the package has no extension module m.sub._c")
    module = failed("imports[m]", "ModuleNotFoundError: No module named 'pkg_resources'")
    library = failed("imports[m.sub]", "ImportError: libx.so.1: cannot open shared object file")
    assert because(links, rpath, module) == [None, links.id, None]
    assert because(rpath, library) == [None, rpath.id]


def test_messages_or_commits_that_are_not_there_explain_what_members_read_who_come_and_go() -> None:
    moving = failed("roundtrip-rebalance[default/classic/moving]", "of 40 messages 3 were never read", "4.4.0")
    for cause in ("roundtrip-delivery[default/produce/none]", "roundtrip-group[default/group]"):
        lost = failed(cause, "is not there", "4.4.0")
        assert because(lost, moving) == [None, lost.id]


def test_messages_that_are_not_there_explain_what_is_missing_in_transactions() -> None:
    committed = failed("roundtrip-transactions[default/committed]", "of 60 messages 3 did not come", "4.4.0")
    lost = failed("roundtrip-delivery[default/produce/none]", "is not there", "4.4.0")
    assert because(lost, committed) == [None, lost.id]


def test_messages_that_are_not_there_explain_what_a_share_group_does_not_get() -> None:
    shared = failed("roundtrip-share-group[default/shared]", "2 of 180 messages were not delivered", "4.4.0")
    lost = failed("roundtrip-delivery[default/produce/none]", "is not there", "4.4.0")
    assert because(lost, shared) == [None, lost.id]


def test_a_feature_that_is_missing_explains_its_tests_and_one_that_is_there_explains_none() -> None:
    lacks = failed("features", "missing: ssl")
    tests = failed("own-tests", "not compiled in: ssl")
    assert because(lacks, tests) == [None, lacks.id]
    assert because(lacks, failed("own-tests", "failed: crc32c (it)")) == [None, None]
    assert because(failed("features", "not promised: ssl"), tests) == [None, None]


def test_a_librdkafka_that_cannot_be_loaded_explains_that_it_runs_no_tests() -> None:
    rpath = failed("rpath-inside-prefix", "x.dll: nothing in the package or its dependencies brings y.dll to its …")
    tests = failed("own-tests", "the package has no librdkafka that carries tests")
    assert because(rpath, tests) == [None, rpath.id]
    assert because(rpath, failed("own-tests", "failed: crc32c (it)")) == [None, None]
