//go:build !linux

package channel

// epollForm means nothing here.
const epollForm = "CHANNEL_TEST_EPOLL"
