import assert from "node:assert/strict"
import { mock, test } from "node:test"
import { sayReleased } from "../js/released.js"

mock.timers.enable({ apis: ["setTimeout"] })

test("products that are released at the same moment are said in one sentence", () => {
  for (const [names, words] of [
    [["A"], "A is released: pick a size."],
    [["A", "B"], "A and B are released: pick a size."],
    [["A", "B", "C"], "A, B and C are released: pick a size."],
    [["A", "B", "C", "D", "E"], "A, B and 3 more are released: pick a size."],
  ]) {
    const said = []
    for (const name of names) sayReleased(name, (sentence) => said.push(sentence))
    assert.deepEqual(said, [])
    mock.timers.tick(250)
    assert.deepEqual(said, [words])
  }
})
