"""Partitions: rules on the bridge that drop every frame of a host, in one direction or in both.

Dropping (rather than taking the link down) is what a broken switch or a filter in between looks like
to a host: its interface stays up and nothing answers, not even ARP. The rules live in the bridge's
namespace and go by the names of the wires, so neither a reboot of the host nor a `flush ruleset`
inside it heals them.
"""

from . import commands
from .network import wire

DIRECTIONS = ("both", "in", "out")

# A frame between two hosts passes `forward`; one between a host and the gateway `input` or `output`.
RULES = """
table bridge faults {
  set to_host { type ifname; }
  set from_host { type ifname; }
  set pairs { type ifname . ifname; }
  set to_gateway { type ifname; }
  set from_gateway { type ifname; }
  chain between_hosts {
    type filter hook forward priority 0;
    oifname @to_host drop
    iifname @from_host drop
    iifname . oifname @pairs drop
  }
  chain towards_gateway {
    type filter hook input priority 0;
    iifname @from_host drop
    iifname @to_gateway drop
  }
  chain leaving_gateway {
    type filter hook output priority 0;
    oifname @to_host drop
    oifname @from_gateway drop
  }
}
"""


def create_rules(network):
    _nft(network, RULES)


def cut(network, host_name, direction="both", peer=None):
    """Cuts a host off: from everything, or only from `peer` (a host's name or "gateway").

    `in` drops what would arrive at the host, `out` what it sends.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction {direction!r}: one of {', '.join(DIRECTIONS)}")
    _nft(network, "\n".join(f"add element bridge faults {name} {{ {element} }}"
                            for name, element in _elements(host_name, direction, peer)))


def heal(network, host_name, other_names):
    """Takes back every cut of this host. Each element is added before it is deleted, because deleting
    one that is not there is an error."""
    elements = [element for peer in (None, "gateway", *other_names)
                for element in _elements(host_name, "both", peer)]
    _nft(network, "\n".join(f"{verb} element bridge faults {name} {{ {element} }}"
                            for name, element in elements for verb in ("add", "delete")))


def cut_directions(network, host_name):
    """What is cut for this host as a whole: a set of "in" and "out"."""
    listing = _nft(network, "list table bridge faults")
    cut_sets = {line.split()[1] for line in _sets_containing(listing, f'"{wire(host_name)}"')}
    return {word for word, name in (("in", "to_host"), ("out", "from_host")) if name in cut_sets}


def _sets_containing(listing, element):
    heading = ""
    for line in listing.splitlines():
        if line.strip().startswith("set "):
            heading = line.strip()
        elif element in line and heading.startswith("set "):
            yield heading
        elif line.strip() == "}":
            heading = ""


def _elements(host_name, direction, peer):
    own = f'"{wire(host_name)}"'
    if peer is None:
        arriving, leaving = ("to_host", own), ("from_host", own)
    elif peer == "gateway":
        arriving, leaving = ("from_gateway", own), ("to_gateway", own)
    else:
        other = f'"{wire(peer)}"'
        arriving, leaving = ("pairs", f"{other} . {own}"), ("pairs", f"{own} . {other}")
    return [*([arriving] if direction in ("both", "in") else []),
            *([leaving] if direction in ("both", "out") else [])]


def _nft(network, text):
    return commands.run(network.inside(["nft", "-f", "-"]), input=text + "\n")
