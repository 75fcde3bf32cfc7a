const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const timers = new WeakMap()

// Shows a scheduled release on a product block, another time than before, or none.
export function showSchedule(block, releaseAt) {
  const time = block.querySelector("[data-countdown]")
  if (!time || time.dateTime === (releaseAt ?? "")) return

  time.dateTime = releaseAt ?? ""
  time.textContent = releaseAt ? new Date(releaseAt).toLocaleString() : ""
  countDown(time)
}

// Replaces the written time of a release by how long it takes. It ends with the element: the sizes come in its place.
export function countDown(time) {
  clearTimeout(timers.get(time))
  const due = Date.parse(time.dateTime)
  time.hidden = Number.isNaN(due)
  if (time.hidden) return

  time.title = time.textContent
  function tick() {
    const left = due - Date.now()
    time.textContent = left > 0 ? words(left) : "any moment now"
    if (left > 0 && time.isConnected) timers.set(time, setTimeout(tick, left % second || second))
  }
  tick()
}

function words(left) {
  const days = Math.floor(left / day)
  const rest = [(left % day) / hour, (left % hour) / minute, (left % minute) / second]
  const clock = rest.map((n) => String(Math.floor(n)).padStart(2, "0")).join(":")
  return days > 0 ? `${days}d ${clock}` : clock
}
