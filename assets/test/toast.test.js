import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { dismissByKey, offer, say, silence } from "../js/toast.js"
import { at, boxOnAPage, main, Part } from "./message-box.js"

let box
const size = placed([200, 300])
const words = (place = "bottom") => at(box, place)
const no = () =>
  box.children
    .flatMap((stack) => stack.children)
    .find(({ dataset }) => "offer" in dataset)
    .children.find(({ textContent }) => textContent === "Leave it")
const swap = { itemId: 3, words: "Swap" }

function placed(rect) {
  const element = new Part()
  element.at = rect
  return element
}

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  box = boxOnAPage()
  size.disabled = false
})

test("what happens at once is said together, for a while", () => {
  for (const n of ["1", "2", "3"]) say(n)
  assert.deepEqual(words(), ["1", "2", "3"])
  say("3")
  assert.deepEqual(words(), ["1", "2", "3"], "no text stands there twice")
  mock.timers.tick(6000)
  assert.deepEqual(words(), [])
})

test("what goes leaves its space until nothing stands beyond it", () => {
  say("1")
  mock.timers.tick(3000)
  say("2")
  mock.timers.tick(3000)
  assert.deepEqual(words(), [null, "2"])
  say("3")
  mock.timers.tick(3000)
  assert.deepEqual(words(), [null, null, "3"])
  mock.timers.tick(3000)
  assert.deepEqual(words(), [])
})

test("what finds no room stands elsewhere, and in place of the oldest where none is left", () => {
  for (const n of "123456789") say(n)
  assert.deepEqual([words(), words("top"), words("header")], [[..."123"], [..."456"], [..."789"]])
  say("10")
  assert.deepEqual([words(), words("top"), words("header")], [["10", "2", "3"], [..."456"], [..."789"]])
})

test("what is said all the time moves nothing, and takes no choice away", () => {
  say("1")
  offer("Swap?", swap, size)
  no().focus()
  const stood = new Map()
  for (let n = 2; n < 60; n++) {
    mock.timers.tick(700)
    say(String(n))
    for (const card of box.children.flatMap((stack) => stack.children)) {
      const { top } = card.getBoundingClientRect()
      assert.equal(stood.get(card) ?? top, top, `message ${n} moves another`)
      stood.set(card, top)
    }
  }
  assert.equal(document.activeElement, no())
  dismissByKey()
  document.keys({ key: "Escape" })
  assert.equal(document.activeElement, size)
})

test("a choice outlasts the news, until another is offered", () => {
  offer("Swap?", swap, size)
  say("news")
  mock.timers.tick(60000)
  assert.deepEqual(words(), ["Swap?"])
  offer("Swap for that?", swap, size)
  assert.deepEqual(words(), ["Swap for that?"])
  silence()
  assert.deepEqual(words(), [])
})

test("Escape dismisses a choice, and nothing else does", () => {
  dismissByKey()
  say("news")
  offer("Swap?", swap, size)
  document.keys({ key: "a" })
  assert.deepEqual(words(), ["news", "Swap?"])
  document.keys({ key: "Escape" })
  assert.deepEqual(words(), ["news"])
})

test("the focus goes back to the size, or to the page when that is out", () => {
  for (const [disabled, goes] of [
    [false, size],
    [true, main],
  ]) {
    size.disabled = disabled
    offer("Swap?", swap, size)
    no().focus()
    no().listeners.click()
    assert.deepEqual(words(), [])
    assert.equal(document.activeElement, goes)
  }
})

test("a focus that is elsewhere stays there", () => {
  const elsewhere = new Part()
  elsewhere.focus()
  offer("Swap?", swap, size)
  silence()
  assert.equal(document.activeElement, elsewhere)
})

test("of one subject only the latest is said", () => {
  say("Hop Man 3, size 9 is in your cart.", null, "Hop Man 3, size 9")
  say("Hop Man 3, size 8 is in your cart.", null, "Hop Man 3, size 8")
  say("Hop Man 3, size 9 just sold out.", null, "Hop Man 3, size 9")
  assert.deepEqual(words(), [null, "Hop Man 3, size 8 is in your cart.", "Hop Man 3, size 9 just sold out."])
})

// Returns where a message about a line stands that is from here to there in the window.
function saidAbout(line, pressed) {
  box = boxOnAPage(pressed)
  const part = new Part()
  part.closest = () => placed(line)
  say("news", line && part)
  return ["bottom", "top", "header"].find((place) => words(place).length)
}

test("it stands where it covers the least of what it is about", () => {
  for (const [line, place] of [
    [[200, 300], "bottom"],
    [[620, 680], "top"],
    [[45, 690], "header"],
    [[0, 650], "header"],
    [[0, 610], "bottom"],
  ]) {
    assert.equal(saidAbout(line), place, String(line))
  }
})

test("it covers no button, unless it would cover what it is about", () => {
  const pressed = [placed([650, 680])]
  assert.equal(saidAbout(null, pressed), "top")
  pressed.push(placed([100, 120]))
  assert.equal(saidAbout(null, pressed), "header")
  assert.equal(saidAbout([0, 150], pressed), "bottom")
})

test("what is said next leaves what was said in its place", () => {
  saidAbout([620, 680])
  say("more")
  assert.deepEqual([words("bottom"), words("top")], [[], ["news", "more"]])
  const part = new Part()
  part.closest = () => placed([60, 140])
  say("of another line", part)
  assert.deepEqual([words("bottom"), words("top")], [["of another line"], ["news", "more"]])
})
