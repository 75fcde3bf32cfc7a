import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { createChoice } from "../js/devices/choice.js"

let pushed

beforeEach(() => {
  pushed = []
  globalThis.window = new EventTarget()
  globalThis.location = { hash: "", pathname: "/admin/devices" }
  globalThis.history = { pushState: (_state, _title, url) => pushed.push(url) }
})

test("the address tells which device is shown", () => {
  for (const [hash, id] of [
    ["#device=12", 12],
    ["", 0],
    ["#device=0", 0],
    ["#device=-1", 0],
    ["#device=1x", 0],
    ["#device=12345678901234567", 0],
  ]) {
    globalThis.location.hash = hash
    assert.equal(createChoice().id, id, hash)
  }
})

test("a choice is told once, and stands in the address", () => {
  const choice = createChoice()
  const told = []
  choice.follow((id) => told.push(id))
  choice.choose(3)
  choice.choose(3)
  choice.choose(0)
  assert.deepEqual(told, [3, 0])
  assert.deepEqual(pushed, ["#device=3", "/admin/devices"])
})

test("the way back shows what was shown", () => {
  const choice = createChoice()
  const told = []
  choice.follow((id) => told.push(id))
  globalThis.location.hash = "#device=7"
  globalThis.window.dispatchEvent(new Event("popstate"))
  assert.deepEqual([told, choice.id, pushed], [[7], 7, []])
})
