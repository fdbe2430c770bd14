"""Every table of the house, gathered for migrations to compare with."""

from sqlmodel import SQLModel

from app.events import circuit, inbox, log, outbox, quarantine, replies, sequence, stream_heads
from app.measures import audit_run, heartbeat
from app.notices import callback, notice, push_subscription, suppression
from app.oms import (
    address,
    arrival,
    availability,
    balance,
    channel,
    choice,
    correction,
    customer,
    freshness,
    inventory,
    item,
    kit,
    node,
    node_terms,
    order,
    payment,
    posting,
    promise,
    recon,
    reservation,
    routing_decision,
    safety,
    shipment,
    shortfall,
    touched,
    transfer,
    verdict,
)
from app.people import api_client, associate, device, duty, sign_in, store
from app.pickup import (
    count,
    count_scan,
    escalation,
    exception_case,
    handover,
    packing,
    picking,
    pickup_link,
    policy_version,
    short_picks,
    sight,
    staff_notice,
    staging,
    tally,
    task,
    undo,
    walk_choice,
)
from app.rules import rule_version
from app.webhooks import receiver

MODULES = (
    circuit, inbox, log, outbox, quarantine, replies, sequence, stream_heads,
    audit_run, heartbeat, callback, notice, push_subscription, suppression,
    address, arrival, availability, balance, channel, choice, correction, customer, freshness, inventory, item, kit,
    node, node_terms, order, payment, posting, promise, recon, reservation, routing_decision, rule_version, safety,
    shipment, shortfall, touched, transfer, verdict,
    api_client, associate, device, duty, sign_in, store,
    count, count_scan, escalation, exception_case, handover, packing, picking, pickup_link, policy_version,
    short_picks, sight, staff_notice, staging, tally, task, undo, walk_choice,
    receiver,
)  # fmt: skip
metadata = SQLModel.metadata
