import { grouped } from "../dashboard/numbers.js"
import { clockOf, momentBeside, momentOf, secondOf } from "../moment.js"

// How many devices are connected, and where. While the first answer is missing, nothing is known.
export function wordsOfSum({ devices, connected, nodes, fault }) {
  if (devices === 0 && fault) return "Waiting for the numbers…"
  if (devices === 0) return "There is no device with a valid key."
  const sum = `${grouped(connected)} of ${grouped(devices)} connected`
  return nodes.length > 0
    ? `${sum}: ${nodes.map((node) => `${grouped(node.devices)} at ${node.name}`).join(", ")}.`
    : `${sum}.`
}

// Where a device is, in few words.
export function whereOf({ nodes, revoked, seen }) {
  if (revoked) return "revoked"
  if (nodes.length > 0) return nodes.map(({ name }) => name).join(", ")
  return seen ? "away" : "never seen"
}

// The same in sentences.
export function wordsOfWhere({ nodes, revoked, seen, created }, now = new Date()) {
  const when = (ms) => momentBeside(new Date(ms), now)
  if (revoked) return `Its key was revoked: ${momentOf(new Date(revoked))}. Its variables and its recent logs are kept.`
  if (nodes.length > 0) {
    const each = nodes.map((node) => `at ${node.name} since ${when(node.since)}${times(node.connections)}`)
    return `Connected ${each.join(", ")}.`
  }
  return seen
    ? `Away. Last connected: ${when(seen)}.`
    : `Never connected. Added: ${when(created)}.`
}

const times = (connections) => (connections > 1 ? ` (${grouped(connections)} connections)` : "")

// Returns the warning about the secret under which a key is stored, or "".
export function wordsOfKey({ key, revoked }) {
  if (revoked || key === "current") return ""
  if (key === "older")
    return "Its key is stored under an older secret: it is stored under the new one when the device connects the next time."
  return "Its key is not recognized any more: the secret under which it was stored is gone. Revoke it, and add the device anew."
}

// The moment of a line: the time of day is enough for one of today.
export function momentOfLine(date, now = new Date()) {
  return date.toDateString() === now.toDateString() ? clockOf(date).replace(/ \S+$/, "") : secondOf(date)
}
