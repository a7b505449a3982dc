"""`python -m tests.bench` (`make bench`): all benchmarks, one after the other."""

from tests.bench import appearance, build, capture, endings, engine, first_packet, join, lesson, live, viewer

for bench in (build, first_packet, capture, join, live, endings, lesson, viewer, appearance, engine):
    bench.main()
    print()
