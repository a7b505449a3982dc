// The selection language of docs/selection.md, on what a scene contains: `tcp.port == 80 and dropped`. A test is true for a packet if it
// is true at one of its hops; `hop(…)` requires one hop that matches all of it. Nothing is executed.

import { FIELDS, CHANGED } from "./fields.js";

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(==|!=|<=|>=|&&|\|\||[<>!(){},=])|([^\s"(){},=<>!&|]+))/y;
const SAME = { "&&": "and", "||": "or", "!": "not" };
const UNITS = { s: 1e9, ms: 1e6, us: 1e3, "µs": 1e3, ns: 1 };
const DEEPEST = 50;

export class Wrong extends Error {}

// A test of packets, called with a packet's number. Wrong if the text is no expression.
export function compiled(text, story) {
  const reader = new Reader(text);
  const test = reader.whole();
  return (journey) => test.packet(story, journey);
}

// Whether somebody meant an expression and not some words.
export function meant(text) {
  return /[=<>!(){}]|&&|\|\||(^|\s)(and|or|not|contains|in)(\s|$)/.test(text) || text.trim() in FIELDS;
}

class Reader {
  constructor(text) {
    this.tokens = [];
    TOKEN.lastIndex = 0;
    const end = text.trimEnd().length;
    while (TOKEN.lastIndex < end) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) throw new Wrong(`${text.slice(at).trim().slice(0, 12)} fits nowhere`);
      const [, quoted, sign, word] = match;
      this.tokens.push(quoted ? { kind: "text", text: quoted.slice(1, -1).replace(/\\(.)/g, "$1") } : { kind: sign ? "sign" : "word", text: SAME[sign] ?? sign ?? word });
    }
    this.at = this.depth = 0;
  }

  get here() {
    return this.tokens[this.at] ?? { kind: "end", text: "" };
  }

  is(...texts) {
    return this.here.kind !== "text" && texts.includes(this.here.text);
  }

  take() {
    const token = this.here;
    this.at += 1;
    return token;
  }

  expect(text) {
    if (!this.is(text)) throw new Wrong(`${text} is missing${this.here.text ? ` before ${this.here.text}` : " at the end"}`);
    this.take();
  }

  whole() {
    const test = this.any();
    if (this.here.kind !== "end") throw new Wrong(`${this.here.text} comes after the end: join two parts with and or or`);
    return test;
  }

  any() {
    return this.joined("or", () => this.joined("and", () => this.part()));
  }

  joined(word, read) {
    const parts = [read()];
    while (this.is(word)) {
      this.take();
      parts.push(read());
    }
    const every = word === "and" ? "every" : "some";
    return parts.length === 1 ? parts[0] : { hop: (...at) => parts[every]((part) => part.hop(...at)), packet: (...at) => parts[every]((part) => part.packet(...at)) };
  }

  part() {
    this.depth += 1;
    if (this.depth > DEEPEST) throw new Wrong(`more than ${DEEPEST} levels deep: use fewer parentheses`);
    const test = this.inside();
    this.depth -= 1;
    return test;
  }

  inside() {
    if (this.is("not")) {
      this.take();
      return denied(this.part());
    }
    if (this.is("(")) {
      this.take();
      const test = this.any();
      this.expect(")");
      return test;
    }
    if (this.is("hop", "changed") && this.tokens[this.at + 1]?.text === "(") {
      const { text } = this.take();
      this.take();
      const test = text === "hop" ? some(this.any().hop) : some(this.changed());
      this.expect(")");
      return test;
    }
    return this.test();
  }

  changed() {
    const { text } = this.take();
    const names = CHANGED[text];
    if (!names) throw new Wrong(`${text || "the end"} is not a field that a hop can change`);
    return (story, hop) => story.changes(hop).some(([field]) => names.includes(field));
  }

  test() {
    const name = this.take();
    const field = name.kind === "word" && Object.hasOwn(FIELDS, name.text) ? FIELDS[name.text] : null;
    if (!field) throw new Wrong(name.text ? `${name.text} is not a field that is known here` : "the name of a field is missing");
    const [kind, read] = field;
    const values = (story, hop) => read(story, hop).filter((value) => value !== null && value !== "");
    if (!this.is("==", "!=", "<", "<=", ">", ">=", "contains", "in")) {
      if (this.is("=")) throw new Wrong("= is not an operator: write ==");
      if (kind === "text" || kind === "duration") throw new Wrong(`${name.text} needs an operator and a value`);
      return some((story, hop) => values(story, hop).some((value) => kind !== "flag" || value));
    }
    const operator = this.take().text;
    const wanted = operator === "in" ? this.several(kind) : [value(kind, this.take())];
    const holds = compared(kind, operator, name.text);
    const found = some((story, hop) => values(story, hop).some((have) => wanted.some((want) => holds(have, want))));
    return operator === "!=" ? denied(found) : found;
  }

  several(kind) {
    this.expect("{");
    const values = [value(kind, this.take())];
    while (!this.is("}")) {
      if (this.is(",")) this.take();
      values.push(value(kind, this.take()));
    }
    this.take();
    return values;
  }
}

// A test that is true for a packet if it is true at one of its hops.
function some(hop) {
  return {
    hop,
    packet: (story, journey) => {
      const [first, end] = story.span(journey);
      for (let at = first; at < end; at += 1) if (hop(story, at)) return true;
      return false;
    },
  };
}

function denied(test) {
  return { hop: (...at) => !test.hop(...at), packet: (...at) => !test.packet(...at) };
}

function compared(kind, operator, name) {
  const equal = { address: inside, number: within }[kind] ?? ((have, want) => have === want);
  const ordered = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
  if (operator === "==" || operator === "!=" || operator === "in") return equal;
  if (operator === "contains" && kind === "text") return (have, want) => have.includes(want);
  if (ordered[operator] && (kind === "number" || kind === "duration")) return ordered[operator];
  throw new Wrong(`${operator} does not fit ${name}`);
}

// A value as the fields have it. Wrong if the text is none.
function value(kind, { kind: token, text }) {
  if (token === "end") throw new Wrong("a value is missing at the end");
  const wrong = () => new Wrong(`${text} is no ${kind === "duration" ? "time" : kind === "flag" ? "0 or 1" : kind}`);
  if (kind === "text") return text;
  if (kind === "flag") {
    if (text !== "0" && text !== "1") throw wrong();
    return Number(text);
  }
  if (kind === "number") {
    const [first, last] = text.split("..").map((part) => (/^(0x[0-9a-f]+|\d+)$/i.test(part) ? Number(part) : NaN));
    if (Number.isNaN(first) || Number.isNaN(last)) throw wrong();
    return last === undefined ? first : [first, last];
  }
  if (kind === "duration") {
    const match = /^(\d+(?:\.\d+)?)(s|ms|us|µs|ns)?$/.exec(text);
    if (!match) throw wrong();
    return Number(match[1]) * UNITS[match[2] ?? "s"];
  }
  if (kind === "mac") return text.toLowerCase().replaceAll("-", ":");
  const [address, bits] = text.split("/");
  const read = number(address);
  const most = read?.six ? 128 : 32;
  if (!read || (bits !== undefined && !(Number(bits) <= most))) throw wrong();
  const shift = BigInt(most - Number(bits ?? most));
  return { six: read.six, prefix: read.value >> shift, shift };
}

function within(have, want) {
  return Array.isArray(want) ? have >= want[0] && have <= want[1] : have === want;
}

function inside(have, want) {
  const read = number(have);
  return Boolean(read) && read.six === want.six && read.value >> want.shift === want.prefix;
}

// An address as a whole number, and whether it is of IPv6; null if the text is none.
export function number(text) {
  if (/^\d+(\.\d+){3}$/.test(text)) return { six: false, value: text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  if (!text.includes(":")) return null;
  const [left, right] = text.split("::").map((half) => half.split(":").filter(Boolean));
  const parts = right ? [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right] : left;
  if (parts.length !== 8 || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  return { six: true, value: parts.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n) };
}
