"""What joins the interfaces that were captured, and which way frames went: from the topology, else from frames."""
