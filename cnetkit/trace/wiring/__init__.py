"""How the captured interfaces are connected, and which way frames went: from the topology, or inferred from frames."""
