"""A prefix and a broker come in; what its clients sent, were told and received goes out as evidence.

A client is not proven by itself alone: a witness that is not under test stands at the other end. Nothing is judged.
"""
