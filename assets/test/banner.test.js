import assert from "node:assert/strict"
import { test } from "node:test"
import { followBanner } from "../js/banner.js"

// A page that was made with a banner, "" for none. It returns what was said since, what stands at
// the head of the page, and the ways in which the server tells of a banner.
function page(made) {
  // a line has 20 letters and is 30 pixels high
  const lines = () => Math.ceil(strip.textContent.length / 20)
  const strip = !made ? null : {
    textContent: made,
    style: {},
    get offsetHeight() {
      return parseInt(strip.style.height ?? 30 * lines())
    },
    get clientHeight() {
      return strip.offsetHeight
    },
    get scrollHeight() {
      return 30 * lines()
    },
  }
  globalThis.document = {
    documentElement: { style: { setProperty() {} } },
    querySelector: (selector) => (selector === "[data-banner]" ? strip : null),
  }
  const said = []
  let push, joined
  const channel = {
    on: (event, then) => event === "banner" && (push = then),
    join: () => ({ receive: (status, then) => status === "ok" && (joined = then) }),
  }
  followBanner({ channel: (topic) => topic === "shop" && channel }, (text) => said.push(text))
  return { strip, said, push: (text) => push({ text }), join: (banner) => joined({ banner }) }
}

test("a page that shows the banner says nothing when it joins, or joins again", () => {
  const { strip, said, join } = page("Volt is here.")
  join("Volt is here.")
  join("Volt is here.")
  assert.deepEqual(said, [])
  assert.equal(strip.textContent, "Volt is here.")
})

test("a banner that comes is said once, and does not move the page", () => {
  const { strip, said, push, join } = page("")
  join("")
  push("Volt is here.")
  join("Volt is here.")
  assert.deepEqual(said, ["Volt is here."])
  assert.equal(strip, null)
})

test("a page that was away when the banner came is told when it joins", () => {
  const { said, join } = page("")
  join("Volt is here.")
  assert.deepEqual(said, ["Volt is here."])
})

test("another banner takes the place of the one before, and one that goes leaves it empty", () => {
  const { strip, said, push } = page("Volt is here.")
  push("Bolt is here.")
  assert.equal(strip.textContent, "Bolt is here.")
  push("")
  assert.equal(strip.textContent, "")
  assert.equal(strip.offsetHeight, 30)
  assert.deepEqual(said, ["Bolt is here."])
})

test("one that needs more lines than there are is said, and the place of the one before stays empty", () => {
  const { strip, said, push } = page("Volt is here.")
  push("Bolt is here, and it comes with laces.")
  assert.equal(strip.textContent, "")
  assert.equal(strip.offsetHeight, 30)
  push("Amp is here.")
  assert.equal(strip.textContent, "Amp is here.")
  assert.deepEqual(said, ["Bolt is here, and it comes with laces.", "Amp is here."])
})
