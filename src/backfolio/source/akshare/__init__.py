"""Market data through akshare: each host asked politely, each reply proved before a row of it is believed.

`transport` asks, `contract` and `proofs` judge, `delivery` hands on; a module
a host knows that host's functions and faults. akshare is imported when the
first question is asked, here and nowhere else.
"""
