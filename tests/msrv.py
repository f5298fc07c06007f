"""Prints each `rust-version` of the workspace with cargo's options for its packages, one version a line.

Fails if a package builds on a dependency that asks for a newer compiler than the package does.
"""

import json
import subprocess
import sys
from collections import defaultdict


def version(text):
    return [int(number) for number in f"{text or 0}.0.0".split(".")[:3]]


command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
metadata = json.loads(subprocess.check_output(command))
packages = {package["id"]: package for package in metadata["packages"]}
edges = {
    node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
    for node in metadata["resolve"]["nodes"]
}

options, faults = defaultdict(list), []
for member in metadata["workspace_members"]:
    package, reached, left = packages[member], set(), [member]
    options[package["rust_version"]] += ["--package", package["name"]]
    while left:
        node = left.pop()
        if node not in reached:
            reached.add(node)
            left += edges[node]
    faults += [
        f"{package['name']} says {package['rust_version']}; {packages[node]['name']} asks for {packages[node]['rust_version']}"
        for node in reached
        if version(packages[node]["rust_version"]) > version(package["rust_version"])
    ]

if faults:
    sys.exit("\n".join(sorted(faults)))
for rust_version, names in sorted(options.items()):
    print(rust_version, *names)
