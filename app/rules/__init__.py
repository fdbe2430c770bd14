"""Rules that change without a release: versioned, dated, scoped, validated; each decision knows which it used."""
