"""A child that asks Ansible which hosts a limit means: limits on stdin, hosts on stdout."""

import json
import os
import sys

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader


def hosts(inventory, limit):
    inventory.subset(limit)
    return sorted({host.name for host in inventory.list_hosts("all")})


def main():
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    init_plugin_loader()
    inventory = InventoryManager(loader=DataLoader(), sources=[sys.argv[1]])
    json.dump([hosts(inventory, limit) for limit in json.load(sys.stdin)], answer)
    answer.close()


if __name__ == "__main__":
    main()
