const format = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
})

const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" })

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
})

// A moment of today in words, in the reader's zone.
export function clockOf(date) {
  return clock.format(date)
}

// A moment in words, in the zone of who reads them.
export function momentOf(date) {
  return format.format(date)
}

// The same with seconds.
export function secondOf(date) {
  return exact.format(date)
}

// A moment in as few words as tell it beside another one: on the same day the time is enough.
export function momentBeside(date, other) {
  return date.toDateString() === other.toDateString() ? clockOf(date) : momentOf(date)
}

// The reader's zone, as a moment names it.
export function zoneOf(date) {
  return format.formatToParts(date).find(({ type }) => type === "timeZoneName").value
}

// Writes the moments of a page, which come in UTC, in the reader's zone.
export function showMoments() {
  for (const time of document.querySelectorAll("time[data-moment]")) {
    time.textContent = momentOf(new Date(time.dateTime))
  }
}
