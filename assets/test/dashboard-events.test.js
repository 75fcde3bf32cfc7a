import assert from "node:assert/strict"
import { mock, test } from "node:test"
import { createEvents } from "../js/dashboard/events.js"
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
    setTimeout(() => log.getAttribute("aria-live") === "polite" && told.push(row.querySelector("[data-text]").textContent), 300)
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
