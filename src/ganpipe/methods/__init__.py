"""Who plays whom: a method owns the networks of both sides and their losses."""
