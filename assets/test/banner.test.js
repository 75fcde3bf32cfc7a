import assert from "node:assert/strict"
import { test } from "node:test"
import { followBanner } from "../js/banner.js"

// An element of lines with 20 letters, each 30 pixels high.
function line(textContent) {
  const lines = () => Math.ceil(strip.textContent.length / 20)
  const strip = {
    textContent,
    style: {},
    dataset: {},
    setAttribute() {},
    get offsetHeight() {
      return parseInt(strip.style.height || 30 * lines())
    },
    get clientHeight() {
      return strip.offsetHeight
    },
    get scrollHeight() {
      return 30 * lines()
    },
  }
  return strip
}

// A page that was made with a banner, "" for none. It returns what was said since, what stands at
// the head of the page, the ways in which the server tells of a banner, and a way to look at
// another tab, and back.
function page(made) {
  const said = []
  const all = { strip: made ? line(made) : null, said, looks }
  let push, joined, look
  globalThis.document = {
    hidden: false,
    documentElement: { style: { setProperty() {} } },
    createElement: () => line(""),
    addEventListener: (name, then) => name === "visibilitychange" && (look = then),
    querySelector: (selector) =>
      selector === "[data-banner]" ? all.strip : { before: (strip) => (all.strip = strip) },
  }
  globalThis.window = {
    innerWidth: 390,
    addEventListener: (name, then) =>
      name === "resize" &&
      (all.resize = (innerWidth) => {
        window.innerWidth = innerWidth
        then()
      }),
  }
  const channel = {
    on: (event, then) => event === "banner" && (push = then),
    join: () => ({ receive: (status, then) => status === "ok" && (joined = then) }),
  }
  function looks(away) {
    document.hidden = away
    look()
  }
  followBanner({ channel: (topic) => topic === "shop" && channel }, (text) => said.push(text))
  return Object.assign(all, { push: (text) => push({ text }), join: (banner) => joined({ banner }) })
}

test("a page that shows the banner says nothing when it joins, or joins again", () => {
  const { strip, said, join } = page("Volt is here.")
  join("Volt is here.")
  join("Volt is here.")
  assert.deepEqual(said, [])
  assert.equal(strip.textContent, "Volt is here.")
})

test("a banner that comes is said once, and does not move the page that is looked at", () => {
  const all = page("")
  all.join("")
  all.push("Volt is here.")
  all.join("Volt is here.")
  assert.deepEqual(all.said, ["Volt is here."])
  assert.equal(all.strip, null)
  all.looks(true)
  assert.equal(all.strip.textContent, "Volt is here.")
  all.looks(false)
  all.push("")
  assert.equal(all.strip.textContent, "")
  assert.equal(all.strip.offsetHeight, 30)
})

test("a banner that comes while another tab is looked at stands there", () => {
  const all = page("")
  all.looks(true)
  assert.equal(all.strip, null)
  all.push("Volt is here.")
  assert.equal(all.strip.textContent, "Volt is here.")
  all.looks(true)
  assert.deepEqual(all.said, ["Volt is here."])
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
  const { strip, said, push, resize } = page("Volt is here.")
  push("Bolt is here, and it comes with laces.")
  assert.equal(strip.textContent, "")
  assert.equal(strip.offsetHeight, 30)
  push("Amp is here.")
  assert.equal(strip.textContent, "Amp is here.")
  push("Bolt is here, and it comes with laces.")
  resize(390) // only its height has changed
  assert.equal(strip.textContent, "")
  resize(844)
  assert.equal(strip.textContent, "Bolt is here, and it comes with laces.")
  assert.equal(strip.offsetHeight, 60)
  assert.equal(said.length, 3)
})
