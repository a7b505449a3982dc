// The fields of docs/selection.md that a scene contains: the kind of each, and its values at a hop.

// The places in a head of the scene (heads.py).
const NUMBERS = ["version", "sport", "dport", "ttl", "flags", "icmp_type", "icmp_code", "icmp_id", "vlan", "depth", "vni", "protocol", "ethertype"];
const AT = Object.fromEntries(["name", "src", "dst", "tunnel", ...NUMBERS].map((name, at) => [name, at]));
const FLAGS = ["fin", "syn", "reset", "push", "ack", "urg"];
const NAMES = ["tcp", "udp", "icmp", "icmpv6", "sctp", "arp"];
const TUNNELS = ["vxlan", "gre", "geneve", "ipip"];
const OUTCOMES = ["delivered", "arrived", "consumed", "dropped", "left", "lost-from-sight", "ambiguous"];

const head = (story, hop) => story.hops.all_heads[story.hops.head[hop]];
const of = (name) => (story, hop) => head(story, hop)[AT[name]];
const where = (test, ...reads) => (story, hop) => (test(story, hop) ? reads.map((read) => read(story, hop)) : []);
const named = (...names) => (story, hop) => names.includes(of("name")(story, hop));
const ip = (story, hop) => of("version")(story, hop) > 0;
const version = (number) => (story, hop) => of("version")(story, hop) === number;
const flag = (test) => (story, hop) => [test(story, hop) ? 1 : 0];
const journey = (read) => (story, hop) => [read(story, story.journeyOf[hop])];
const link = (at) => (story, hop) => story.hops.all_links[story.hops.link[hop]][at];
const inTunnel = (name) => (story, hop) => of("tunnel")(story, hop) === name;
const place = (story, hop) => story.place(story.hops.at[hop]);

export const FIELDS = {
  node: ["text", (story, hop) => [story.scene.nodes[story.scene.interfaces[story.hops.at[hop]]?.node]?.name ?? ""]],
  interface: ["text", (story, hop) => [story.scene.interfaces[story.hops.at[hop]]?.name ?? "", place(story, hop)]],
  direction: ["text", (story, hop) => [["unknown", "in", "out"][story.hops.direction[hop]]]],
  protocol: ["text", (story, hop) => [of("name")(story, hop)]],
  "frame.number": ["number", (story, hop) => [story.hops.frame[hop] + 1]],
  "frame.len": ["number", (story, hop) => [story.hops.length[hop]]],
  "eth.src": ["mac", (story, hop) => [link(0)(story, hop)]],
  "eth.dst": ["mac", (story, hop) => [link(1)(story, hop)]],
  "eth.type": ["number", (story, hop) => [of("ethertype")(story, hop)]],
  vlan: ["flag", flag((story, hop) => of("vlan")(story, hop) > 0)],
  "vlan.id": ["number", (story, hop) => [of("vlan")(story, hop)].flatMap((tags) => [tags > 0 ? tags & 0xfff : null, tags > 0xfff ? tags >> 12 : null])],
  ip: ["flag", flag(version(4))],
  ipv6: ["flag", flag(version(6))],
  "ip.version": ["number", where(ip, of("version"))],
  "ip.src": ["address", where(ip, of("src"))],
  "ip.dst": ["address", where(ip, of("dst"))],
  "ip.addr": ["address", where(ip, of("src"), of("dst"))],
  "ipv6.src": ["address", where(version(6), of("src"))],
  "ipv6.dst": ["address", where(version(6), of("dst"))],
  "ipv6.addr": ["address", where(version(6), of("src"), of("dst"))],
  "arp.src.proto_ipv4": ["address", where(named("arp"), of("src"))],
  "arp.dst.proto_ipv4": ["address", where(named("arp"), of("dst"))],
  "ip.ttl": ["number", where(ip, of("ttl"))],
  "ip.proto": ["number", where(ip, of("protocol"))],
  "tcp.flags": ["number", where(named("tcp"), of("flags"))],
  "icmp.type": ["number", where(named("icmp"), of("icmp_type"))],
  "icmp.code": ["number", where(named("icmp"), of("icmp_code"))],
  "icmp.ident": ["number", where(named("icmp"), of("icmp_id"))],
  "icmpv6.type": ["number", where(named("icmpv6"), of("icmp_type"))],
  "icmpv6.code": ["number", where(named("icmpv6"), of("icmp_code"))],
  "vxlan.vni": ["number", where(inTunnel("vxlan"), of("vni"))],
  "gre.key": ["number", where(inTunnel("gre"), of("vni"))],
  "geneve.vni": ["number", where(inTunnel("geneve"), of("vni"))],
  tunnels: ["number", (story, hop) => [of("depth")(story, hop)]],
  journey: ["number", journey((story, one) => story.journeys.id[one])],
  flow: ["number", journey((story, one) => story.scene.flows[story.journeys.flow[one]].id)],
  hops: ["number", journey((story, one) => story.span(one)[1] - story.span(one)[0])],
  latency: ["duration", journey(latency)],
  outcome: ["text", journey((story, one) => story.outcome(one))],
  reason: ["text", journey((story, one) => story.word(story.journeys.reason[one]))],
  evidence: ["text", (story, hop) => story.why(hop).flat().map((at) => story.scene.evidence[at][1])],
  lost: ["flag", journey((story, one) => Number(story.outcome(one) === "lost-from-sight"))],
};
for (const name of ["tcp", "udp", "sctp"]) {
  FIELDS[`${name}.srcport`] = ["number", where(named(name), of("sport"))];
  FIELDS[`${name}.dstport`] = ["number", where(named(name), of("dport"))];
  FIELDS[`${name}.port`] = ["number", where(named(name), of("sport"), of("dport"))];
}
for (const name of NAMES) FIELDS[name] = ["flag", flag(named(name))];
for (const name of TUNNELS) FIELDS[name] = ["flag", flag(inTunnel(name))];
for (const name of OUTCOMES) FIELDS[name] = ["flag", journey((story, one) => Number(story.outcome(one) === name))];
FLAGS.forEach((name, bit) => {
  FIELDS[`tcp.flags.${name}`] = ["flag", flag((story, hop) => named("tcp")(story, hop) && of("flags")(story, hop) & (1 << bit))];
});

function latency(story, one) {
  const [first, end] = story.span(one);
  const times = story.hops.time.slice(first, end);
  return Math.max(...times) - Math.min(...times);
}

// What `changed(…)` can name, and the names of these changes: those of IPv6 are others.
const SAME = ["eth.src", "eth.dst", "vlan.id", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "icmp.ident", "encapsulation", "outer.ip.ttl", "outer.eth.src", "outer.eth.dst", "tcp.seq"];
const SIX = { "ip.src": "ipv6.src", "ip.dst": "ipv6.dst", "ip.ttl": "ipv6.hlim", "ip.dsfield": "ipv6.tclass", "ip.len": "ipv6.plen", "ip.frag_offset": "ipv6.fragment.offset", "ip.flags.mf": "ipv6.fragment.more" };
export const CHANGED = {
  ...Object.fromEntries(SAME.map((name) => [name, [name]])),
  ...Object.fromEntries(Object.entries(SIX).map(([name, six]) => [name, [name, six]])),
  "eth.addr": ["eth.src", "eth.dst"], "ip.addr": ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst"],
  "tcp.port": ["tcp.srcport", "tcp.dstport"], "udp.port": ["udp.srcport", "udp.dstport"],
};
