package store

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
)

// checkBeginning tells a backup, also a damaged one, from other files.
func checkBeginning(file io.ReaderAt, size int64) error {
	const local = "PK\x03\x04" // begins an entry; the entry's name comes after 30 bytes
	begin := make([]byte, min(size, 30+int64(len(headEntry))))
	if _, err := file.ReadAt(begin, 0); err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(begin, []byte("\x1f\x8b")):
		return ErrOldBackup
	case !bytes.HasPrefix(begin, []byte(local)) || !bytes.HasSuffix(begin, []byte(headEntry)):
		return ErrNoBackup
	}
	return nil
}

// The records behind the directory of a zip file: its end, and before that, in a file of more than
// 4 GiB, two more for numbers that do not fit into the end.
const (
	directoryEnd = "PK\x05\x06"
	bigEnd       = "PK\x06\x06"
	bigLocator   = "PK\x06\x07"

	directoryEndLen = 22
	bigEndLen       = 56
	bigLocatorLen   = 20
	bigLen          = bigEndLen + bigLocatorLen + directoryEndLen
)

// checkEnd refuses a file that does not end with a small directory of few entries, as a backup
// does. package zip would make room for as many entries as a file claims to have, and would read
// as many as it finds, wherever the file says that the directory begins.
func checkEnd(file io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, bigLen))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	end := tail[max(0, len(tail)-directoryEndLen):]
	if !bytes.HasPrefix(end, []byte(directoryEnd)) || binary.LittleEndian.Uint16(end[20:]) != 0 {
		return damaged("directory", "its end is missing")
	}
	entries := uint64(binary.LittleEndian.Uint16(end[10:]))
	length := uint64(binary.LittleEndian.Uint32(end[12:]))
	offset := uint64(binary.LittleEndian.Uint32(end[16:]))
	after := uint64(directoryEndLen)
	if offset == math.MaxUint32 { // the numbers are in the record for large files
		if len(tail) < bigLen || !bytes.HasPrefix(tail, []byte(bigEnd)) ||
			!bytes.HasPrefix(tail[bigEndLen:], []byte(bigLocator)) ||
			binary.LittleEndian.Uint64(tail[bigEndLen+8:]) != uint64(size-bigLen) {
			return damaged("directory", "its end is missing")
		}
		entries = binary.LittleEndian.Uint64(tail[32:])
		length = binary.LittleEndian.Uint64(tail[40:])
		offset = binary.LittleEndian.Uint64(tail[48:])
		after = bigLen
	}
	if entries > maxTables+2 || length > maxDirectory || offset+length+after != uint64(size) {
		return damaged("directory", "its size can't be right")
	}
	return nil
}
