// Keeps the rows of a list as its entries are, in their order: [key, data] each. A row is made of
// the template when its key comes, and is the same until the key goes. bind takes a row and returns
// what shows data in it.
export function createKeyed(list, template, bind) {
  const rows = new Map()

  function rowFor(key) {
    if (!rows.has(key)) {
      const row = template.content.firstElementChild.cloneNode(true)
      rows.set(key, { row, show: bind(row) })
    }
    return rows.get(key)
  }

  return (entries) => {
    const keys = new Set(entries.map(([key]) => key))
    for (const [key, { row }] of rows) {
      if (keys.has(key)) continue
      row.remove()
      rows.delete(key)
    }
    let next = list.firstElementChild
    for (const [key, data] of entries) {
      const { row, show } = rowFor(key)
      if (row === next) next = next.nextElementSibling
      else list.insertBefore(row, next)
      show(data)
    }
  }
}
