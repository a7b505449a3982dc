"""`python -m tests.bench` (`make bench`): all benchmarks, one after the other."""

from tests.bench import build, capture, first_packet, join, live, viewer

for bench in (build, first_packet, capture, join, live, viewer):
    bench.main()
    print()
