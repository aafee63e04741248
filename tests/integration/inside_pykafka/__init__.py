"""Cases that run inside the environment of pykafka, with the standard library and pykafka only.

The tests call them through `pykafka_env.PykafkaEnv.run`; `__main__` says how.
"""
