const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

// Replaces the written time of a release by how long it takes. It ends with the element: the sizes come in its place.
export function countDown(time) {
  const due = Date.parse(time.dateTime)
  if (Number.isNaN(due)) return
  time.title = time.textContent

  function tick() {
    const left = due - Date.now()
    time.textContent = left > 0 ? words(left) : "any moment now"
    if (left > 0 && time.isConnected) setTimeout(tick, left % second || second)
  }
  tick()
}

function words(left) {
  const days = Math.floor(left / day)
  const rest = [(left % day) / hour, (left % hour) / minute, (left % minute) / second]
  const clock = rest.map((n) => String(Math.floor(n)).padStart(2, "0")).join(":")
  return days > 0 ? `${days}d ${clock}` : clock
}
