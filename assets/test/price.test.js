import assert from "node:assert/strict"
import { test } from "node:test"
import { priceOf } from "../js/price.js"

test("a price is written as the server writes it", () => {
  const written = [0, 0.05, 120, 120.5, 999.99, 1000, 88035.2].map(priceOf)
  assert.deepEqual(written, ["$0", "$0.05", "$120", "$120.50", "$999.99", "$1,000", "$88,035.20"])
})
