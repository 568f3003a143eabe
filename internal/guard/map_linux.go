package guard

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mapPages maps at least size bytes in whole pages, with one page on either side that cannot be
// touched.
func mapPages(size int) (pages []byte, free func() error, err error) {
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	pages = all[page : page+size]
	if err := unix.Mprotect(pages, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return nil, nil, errors.Join(err, unix.Munmap(all))
	}
	return pages, func() error { return unix.Munmap(all) }, nil
}
