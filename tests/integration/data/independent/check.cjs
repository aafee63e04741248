// Holds what kafka-forge writes against other implementations: `sboms FILE…`, or `bundles PUBLIC_KEY FILE`.
// Prints what they say as JSON: for each file, or for each bundle of the file, an empty text or what is wrong.
const crypto = require("crypto");
const fs = require("fs");
const { Spec, Validation } = require("@cyclonedx/cyclonedx-library");
const { PackageURL } = require("packageurl-js");
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

function purls(document) {
  const subject = document.metadata.component;
  const all = [subject, ...(subject.pedigree?.ancestors ?? []), ...(document.components ?? [])];
  const given = all.map((each) => each.purl).filter((each) => each !== undefined);
  return given.filter((each) => PackageURL.fromString(each).toString() !== each);
}

async function sbom(file) {
  const text = fs.readFileSync(file, "utf8");
  const wrong = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  if (wrong !== null) return JSON.stringify(wrong);
  const others = purls(JSON.parse(text));
  return others.length ? `purls that are spelled otherwise: ${others.join(" ")}` : "";
}

function bundle(key, value) {
  const none = { certificateAuthorities: [], tlogs: [], ctlogs: [], timestampAuthorities: [], mediaType: "" };
  const trusted = toTrustMaterial(none, () => ({ publicKey: key, validFor: () => true }));
  const verifier = new Verifier(trusted, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(value)));
    return "";
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

async function main([what, ...given]) {
  if (what === "sboms") return Promise.all(given.map(sbom));
  const key = crypto.createPublicKey(fs.readFileSync(given[0]));
  return JSON.parse(fs.readFileSync(given[1], "utf8")).map((each) => bundle(key, each));
}

main(process.argv.slice(2)).then((said) => console.log(JSON.stringify(said)));
