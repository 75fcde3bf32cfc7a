package rehearsal

import "syscall"

// MostShoppers is how many one process simulates at the most, see [Most].
const MostShoppers = 12_000

// spareFiles are open beside the shoppers' sockets: what carries pages, and what the process has
// open in any case.
const spareFiles = 1000

// Most is how many shoppers this process can simulate: each has a socket, each fifth has two, and a
// process may open only so many files (`ulimit -Hn`). A process that is the shop too has both ends
// of each socket.
func Most(shopToo bool) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return MostShoppers // the sockets that can't be opened will be in the report
	}
	each := 1 + 1./secondTab
	if shopToo {
		each *= 2
	}
	free := float64(limit.Cur) - spareFiles // as a float: "no limit" is too large for an int
	return int(max(1, min(MostShoppers, free/each)))
}
