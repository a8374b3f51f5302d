"""Pairing both cameras with the arm on one exact grid."""
