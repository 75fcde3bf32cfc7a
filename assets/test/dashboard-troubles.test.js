import assert from "node:assert/strict"
import test from "node:test"
import { createTroubles } from "../js/dashboard/troubles.js"
import { Element } from "./page.js"

test("troubles are shown while they last, each once", () => {
  const rows = []
  const list = Object.assign(new Element(), { insertBefore: (row) => rows.includes(row) || rows.push(row) })
  const banner = new Element()
  banner.parts.set("ul", list)
  banner.querySelector("template").content = {
    firstElementChild: {
      cloneNode: () => {
        const row = new Element()
        return Object.assign(row, { remove: () => rows.splice(rows.indexOf(row), 1) })
      },
    },
  }
  const show = createTroubles(banner)
  const texts = () => rows.map((row) => row.querySelector("[data-text]").textContent)
  const away = { fault: "database", since: 1_000_000, text: "The database does not answer." }

  show({})
  assert.deepEqual(texts(), [])
  show({ troubles: [away] })
  assert.deepEqual(texts(), ["The database does not answer."])
  assert.match(rows[0].querySelector("[data-since]").textContent, /^\d\d:\d\d:\d\d \S+$/)
  show({ troubles: [{ ...away, text: "The database does not answer (a)." }] })
  assert.deepEqual(texts(), ["The database does not answer (a)."])
  show({ troubles: [] })
  assert.deepEqual(texts(), [])
})
