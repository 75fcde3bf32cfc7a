// Events with a key each. Two that are the same are two. Counted from the oldest: a newer one
// changes no key.
export function keysOf(events) {
  const times = new Map()
  const keyed = [...events].reverse().map((event) => {
    const name = `${event.at} ${event.kind} ${event.text} ${event.when} ${event.by}`
    times.set(name, (times.get(name) ?? 0) + 1)
    return [`${times.get(name)} ${name}`, event]
  })
  return keyed.reverse()
}
