import assert from "node:assert/strict"
import { mock, test } from "node:test"
import { createEvents, sentenceOf } from "../js/dashboard/events.js"
import { keepState } from "../js/dashboard/state.js"
import { ChannelStub, Element, holdFrames } from "./page.js"

test("what happens is read out, but not a list that is all new", () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  const log = new Element()
  const told = [] // what came while a screen reader was listening, which does so a little later
  const rows = new Set()
  function insertBefore(row) {
    if (rows.has(row)) return // it stays what it was
    rows.add(row)
    setTimeout(
      () => log.getAttribute("aria-live") === "polite" && told.push(row.querySelector("[data-text]").textContent),
      300,
    )
  }
  const list = Object.assign(new Element(), { parentElement: log, insertBefore })
  const panel = new Element()
  panel.parts.set("ol", list)
  panel.querySelector("template").content = {
    firstElementChild: { cloneNode: () => Object.assign(new Element(), { remove() {} }) },
  }
  const channel = new ChannelStub()
  const frame = holdFrames()
  keepState(channel, [], [createEvents(panel)])
  const event = (text) => ({ at: 1_000_000, kind: "back", text })
  function tell(name, texts) {
    channel.tell(name, texts ? { events: texts.map(event) } : {})
    frame()
    mock.timers.tick(1500)
    return told.splice(0)
  }

  assert.deepEqual(tell("state", ["a"]), [])
  assert.deepEqual(tell("change", ["b", "a"]), ["b"])
  assert.deepEqual(tell("state", ["d", "c"]), [], "another node tells of others")
  assert.deepEqual(tell("change", ["e", "d", "c"]), ["e"])
  assert.deepEqual(tell("change"), [])
  assert.equal(log.getAttribute("aria-live"), "polite")
  mock.timers.reset()
})

test("a sentence has its moment in the reader's zone, and who did it", () => {
  assert.equal(sentenceOf({ text: "Hop Man 3 is released" }), "Hop Man 3 is released")
  assert.equal(sentenceOf({ text: "Hop Man 3 is released", by: "ann@desk" }), "Hop Man 3 is released, by ann@desk")
  const when = new Date(2026, 11, 1, 18).getTime() // of this zone
  assert.match(sentenceOf({ at: when - 60_000, text: "2 orders from", when }), /^2 orders from 18:00:00 \S+$/)
  assert.match(
    sentenceOf({ at: when - 86_400_000, text: "Hop Man 3 will be released at", when, by: "ann@desk" }),
    /^Hop Man 3 will be released at 1 December 2026( at|,) 18:00 \S+, by ann@desk$/,
  )
})
