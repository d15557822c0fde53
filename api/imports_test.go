package api

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"bioincident/internal/fault"
)

// A disk that is full, read-only or failing is nothing that a program did wrong.
func TestADiskThatTakesNoFileIsUnavailable(t *testing.T) {
	for _, why := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		err := kept(&fs.PathError{Op: "mkdir", Path: "/spool", Err: why})
		if f := fault.Of(err); f.Kind != fault.Unavailable || f.Code != "import.not_kept" || !errors.Is(err, why) {
			t.Errorf("%v is told as %v", why, err)
		}
	}
	if other := errors.New("a program is wrong"); !errors.Is(kept(other), other) || fault.Of(kept(other)).Kind != fault.Internal {
		t.Error("another error is told as one of the disk")
	}
}
