import assert from "node:assert/strict"
import { mock, test } from "node:test"
import { judgeAttempts } from "../js/attempts.js"

test("no minute has too many attempts, and a device's clock that is set right holds nothing up", () => {
  const hour = 3_600_000
  let now = 3 * hour // fast by three hours
  const clock = mock.method(Date, "now", () => now)
  const attempts = judgeAttempts({ perMinute: 15 })
  for (let i = 0; i < 15; i++) attempts.begin()
  assert.equal(attempts.waitMs(), 60_000)
  now += 30_000
  assert.equal(attempts.waitMs(), 30_000)
  now -= 3 * hour
  assert.equal(attempts.waitMs(), 0)
  now += 6 * hour
  assert.equal(attempts.waitMs(), 0)
  clock.mock.restore()
})
