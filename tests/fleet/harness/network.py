"""The wires of one fleet: a bridge in a namespace of its own, and one named namespace per host.

A host's namespace is made anew for each boot, because a real reboot loses packet filters and open
connections too; its addresses (IP and MAC) stay the same, so nobody's ARP cache goes stale. No route
leads out of the bridge's namespace: fleets cannot reach each other, nor the machine's own network.
"""

import pathlib

from . import commands

BRIDGE = "br0"
GATEWAY_NUMBER = 1
FIRST_HOST_NUMBER = 11
HOSTS_MAX = 200


class Network:
    def __init__(self, fleet_name, range_number):
        self.fleet_name = fleet_name
        self.range_number = range_number
        self.prefix = f"10.77.{range_number}"
        self.gateway = f"{self.prefix}.{GATEWAY_NUMBER}"
        self.namespace = f"sy-{fleet_name}"

    def address(self, host_index):
        return f"{self.prefix}.{FIRST_HOST_NUMBER + host_index}"

    def host_namespace(self, host_name):
        return f"{self.namespace}-{host_name}"

    def create(self):
        _ip(None, f"netns add {self.namespace}")
        _ip(self.namespace,
            "link set lo up",
            f"link add {BRIDGE} address {self._mac(GATEWAY_NUMBER)} type bridge",
            f"address add {self.gateway}/24 dev {BRIDGE}",
            f"link set {BRIDGE} up")

    def plug_in(self, host_name, host_index):
        """Makes the host's namespace and its wire to the bridge."""
        self.unplug(host_name)
        namespace, mac = self.host_namespace(host_name), self._mac(FIRST_HOST_NUMBER + host_index)
        _ip(None, f"netns add {namespace}")
        _ip(namespace,
            f"link add eth0 address {mac} type veth peer name {wire(host_name)} netns {self.namespace}",
            f"address add {self.address(host_index)}/24 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add default via {self.gateway}")
        _ip(self.namespace, f"link set {wire(host_name)} master {BRIDGE} up")

    def unplug(self, host_name):
        """Takes the wire away first: from that moment on nothing more is heard of the host, not even
        the kernel closing the connections of processes that end."""
        if self.host_namespace(host_name) in namespaces_of(self.fleet_name):
            _ip(self.namespace, f"link delete {wire(host_name)}", force=True)
            _ip(None, f"netns delete {self.host_namespace(host_name)}")

    def inside(self, argv):
        """argv, wrapped to run in the bridge's namespace: a client that is none of the hosts."""
        return ["nsenter", f"--net={namespace_file(self.namespace)}", "--", *argv]

    def _mac(self, number):
        # 02 marks an address that is administered locally; "sy" keeps it readable in a trace.
        return f"02:73:79:00:{self.range_number:02x}:{number:02x}"


def wire(host_name):
    """The bridge's end of the wire to a host."""
    return f"v-{host_name}"


def namespace_file(namespace):
    return pathlib.Path("/run/netns", namespace)


def namespaces_of(fleet_name):
    directory = pathlib.Path("/run/netns")
    if not directory.is_dir():
        return []
    own = f"sy-{fleet_name}"
    return sorted(entry.name for entry in directory.iterdir()
                  if entry.name == own or entry.name.startswith(own + "-"))


def remove_namespaces(fleet_name):
    for namespace in namespaces_of(fleet_name):
        commands.run(["ip", "netns", "delete", namespace])


def _ip(namespace, *lines, force=False):
    """Runs several `ip` commands in one process, which is what makes `up` quick. With `force`, one
    that fails (a wire that is gone already) does not matter."""
    where = ["-netns", namespace] if namespace else []
    commands.run(["ip", *where, "-batch", "-"], input="\n".join(lines) + "\n", check=not force)
