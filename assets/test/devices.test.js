import assert from "node:assert/strict"
import { test } from "node:test"
import { addLines, clearLines, createLines } from "../js/devices/lines.js"
import { wordsOfFound } from "../js/devices/log.js"
import { momentOfLine, whereOf, wordsOfKey, wordsOfSum, wordsOfWhere } from "../js/devices/words.js"

const line = (id) => ({ id, message: `m${id}` })
const keys = ({ entries }) => entries.map(({ key }) => key)

test("records come on top, and a gap tells how many are not shown", () => {
  let log = addLines(createLines(), { whole: true, lines: [line(3), line(2)] })
  assert.deepEqual([keys(log), log.came], [[3, 2], 0])
  log = addLines(log, { lines: [line(9), line(8)], more: 4 })
  assert.deepEqual([keys(log), log.came], [[9, 8, "gap 1", 3, 2], 6])
  assert.equal(log.entries[2].gap, "4 more, which a search finds")
  log = addLines(log, { lines: [line(10), line(9)] })
  assert.deepEqual([keys(log), log.came], [[10, 9, 8, "gap 1", 3, 2], 7], "a record that is known comes once")
  log = addLines(addLines(log, { lines: [], at_least: true }), { lines: [], more: 1200, at_least: true })
  assert.deepEqual(
    log.entries.slice(0, 2).map(({ gap }) => gap),
    ["At least 1,200 more, which a search finds", "Some records are missing here, which a search finds"],
  )
})

test("records are bounded, and what was given is not changed", () => {
  const before = addLines(createLines(), { whole: true, lines: [line(1)] })
  const many = Array.from({ length: 400 }, (_, i) => line(1000 - i))
  const after = addLines(before, { lines: many })
  assert.equal(after.entries.length, 300)
  assert.deepEqual(keys(before), [1])
})

test("a page that is connected again keeps its records, and marks what may be missing", () => {
  const before = addLines(createLines(), { whole: true, lines: [line(2), line(1)] })
  const after = addLines(before, { whole: true, lines: [line(4), line(3), line(2)] })
  assert.deepEqual([keys(after), after.came], [[4, 3, 2, 1], 2])
  assert.deepEqual(keys(addLines(before, { whole: true, lines: [line(9), line(8)] })), [9, 8, "gap 1", 2, 1])
})

test("what was cleared does not come back when the page is connected again", () => {
  const cleared = clearLines(addLines(createLines(), { whole: true, lines: [line(2), line(1)] }))
  assert.deepEqual(keys(cleared), [])
  assert.deepEqual(keys(addLines(cleared, { whole: true, lines: [line(3), line(2), line(1)] })), [3])
})

test("the sum names the nodes", () => {
  assert.equal(wordsOfSum({ devices: 0, connected: 0, nodes: [] }), "There is no device with a valid key.")
  assert.equal(wordsOfSum({ devices: 0, connected: 0, nodes: [], fault: "x" }), "Waiting for the numbers…")
  assert.equal(wordsOfSum({ devices: 3, connected: 0, nodes: [] }), "0 of 3 connected.")
  const nodes = [
    { name: "a", devices: 1000 },
    { name: "b", devices: 2 },
  ]
  assert.equal(wordsOfSum({ devices: 3000, connected: 1002, nodes }), "1,002 of 3,000 connected: 1,000 at a, 2 at b.")
})

test("where a device is", () => {
  const now = new Date(2026, 10, 28, 12, 0, 0)
  const at = new Date(2026, 10, 28, 11, 30, 5).getTime()
  const node = { name: "a", since: at, connections: 1 }
  const device = { nodes: [], created: at }
  assert.equal(whereOf(device), "never seen")
  assert.equal(whereOf({ ...device, seen: at }), "away")
  assert.equal(whereOf({ ...device, nodes: [node, { ...node, name: "b" }] }), "a, b")
  assert.equal(whereOf({ ...device, nodes: [node], revoked: at }), "revoked")
  assert.match(wordsOfWhere(device, now), /^Never connected\. Added: 11:30:05/)
  assert.match(wordsOfWhere({ ...device, seen: at }, now), /^Away\. Last connected: 11:30:05/)
  assert.match(
    wordsOfWhere({ ...device, nodes: [{ ...node, connections: 2 }] }, now),
    /^Connected at a since 11:30:05 \S+ \(2 connections\)\.$/,
  )
  assert.match(wordsOfWhere({ ...device, revoked: at }, now), /^Its key was revoked: 28 November 2026/)
})

test("a key that is not recognized is told of, one that is not", () => {
  assert.equal(wordsOfKey({ key: "current" }), "")
  assert.match(wordsOfKey({ key: "older" }), /under an older secret/)
  assert.match(wordsOfKey({ key: "lost" }), /^Its key is not recognized/)
  assert.equal(wordsOfKey({ key: "lost", revoked: 1 }), "")
})

test("a line of today has a time, an older one its day", () => {
  const now = new Date(2026, 10, 28, 12, 0, 0)
  assert.equal(momentOfLine(new Date(2026, 10, 28, 9, 5, 7), now), "09:05:07")
  assert.match(momentOfLine(new Date(2026, 10, 27, 9, 5, 7), now), /^27 Nov 2026.*09:05:07/)
})

test("what a search has found is said", () => {
  assert.equal(wordsOfFound(0, "", "Last hour"), "No record was found in the last hour.")
  assert.equal(wordsOfFound(1, "", "All"), "One record was found.")
  assert.equal(wordsOfFound(1000, "", "Last day"), "1,000 records were found in the last day.")
  assert.equal(wordsOfFound(50, "x", "Last day"), "The newest 50 records are shown. There are more in the last day.")
})
