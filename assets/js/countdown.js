import { momentOf } from "./moment.js"
import { onTime, serverTime } from "./server-clock.js"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const timers = new Map() // by the element that counts, null where there is nothing to wait for

// Counts down to all releases that the page shows, for as long as it is open. Timers stand still in
// a tab that sleeps, so each countdown is painted by the clock as soon as the page is seen again.
export function countDownAll() {
  for (const time of document.querySelectorAll("[data-countdown]")) countDown(time)
  document.addEventListener("visibilitychange", () => document.hidden || paintAll())
  window.addEventListener("pageshow", paintAll) // also from the browser's memory
}

// Shows a scheduled release on a product block, another time than before, or none.
export function showSchedule(block, releaseAt) {
  const time = block.querySelector("[data-countdown]")
  if (!time || time.dateTime === (releaseAt ?? "")) return

  time.dateTime = releaseAt ?? ""
  countDown(time)
}

// Shows a release, which the page gives in UTC: its moment in the reader's zone and, as soon as the
// server's time is known, how long it takes until then. It ends with the element: the sizes come in
// its place.
export function countDown(time) {
  stop(time)
  const due = Date.parse(time.dateTime)
  time.hidden = Number.isNaN(due)
  if (time.hidden) showBeside(time, "")
  else tick(time, due)
}

function tick(time, due) {
  const moment = momentOf(new Date(due))
  const now = serverTime()
  const left = due - now
  write(time, now === null ? moment : words(left))
  showBeside(time, now === null ? "" : moment)
  const goesOn = now !== null && left > 0 && time.isConnected
  timers.set(time, goesOn ? setTimeout(tick, left % second || second, time, due) : null)
}

function paintAll() {
  for (const time of [...timers.keys()]) {
    if (time.isConnected) countDown(time)
    else stop(time)
  }
}

// A better knowledge of the time shows at once.
onTime(paintAll)

function stop(time) {
  clearTimeout(timers.get(time))
  timers.delete(time)
}

function showBeside(time, moment) {
  const beside = time.parentElement?.querySelector("[data-countdown-moment]")
  if (beside) write(beside, moment)
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text
}

// A second that has begun counts in full: a timer that fires a little late shows what it would have
// shown in time, so no second is left out or stands twice as long.
function words(exactly) {
  if (exactly <= 0) return "any moment now"
  const left = Math.ceil(exactly / second) * second
  const days = Math.floor(left / day)
  const rest = [(left % day) / hour, (left % hour) / minute, (left % minute) / second]
  const clock = rest.map((n) => String(Math.floor(n)).padStart(2, "0")).join(":")
  return days > 0 ? `${days}d ${clock}` : clock
}
