"""Where the demo's customers live who have things sent, and what a parcel costs there."""

from seed.shopping import Town

# The two shops in the north send parcels: each to customers in its own town, because that is nearest.
TOWNS = {
    "118": Town(name="York", postal_code="YO1 6DS", latitude=53.96, longitude=-1.08),
    "204": Town(name="Leeds", postal_code="LS1 4DY", latitude=53.8, longitude=-1.55),
}
PARCEL_MINOR, PER_KG_MINOR = 395, 60
