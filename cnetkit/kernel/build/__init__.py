"""How the kernel carries out each operation, one a file under the name of the operation's own file in cnetkit/operations.

Each file has `build(builder, operations)`, which gets a run of operations of its kind; request.py finds it by the operation's
class. builder.py is what they build with.
"""
