package api

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func testCursors(t *testing.T, first byte) Cursors {
	t.Helper()
	c, err := NewCursors(append([]byte{first}, bytes.Repeat([]byte{7}, 63)...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACursorComesBackAndTellsNothing(t *testing.T) {
	c := testCursors(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.StringN(1, 200, -1).Draw(t, "place")
		sealed := c.Seal(place)
		if opened := c.Open(sealed); opened != place {
			t.Fatalf("%q came back as %q", place, opened)
		}
		if sealed != c.Seal(place) {
			t.Fatal("the same place has two cursors")
		}
	})
	if len(c.Seal(`{"No":9}`)) != len(c.Seal(`{"No":123456}`)) {
		t.Error("the length of a cursor tells of the number in it")
	}
}

func TestAStrangeCursorIsRefused(t *testing.T) {
	c := testCursors(t, 1)
	sealed := c.Seal("a place")
	for name, cursor := range map[string]string{
		"of another installation": testCursors(t, 2).Seal("a place"), "cut off": sealed[:len(sealed)-2], "changed": "A" + strings.TrimPrefix(sealed[1:], "A"),
		"of words": "next page", "too short": "AAAA",
	} {
		if place := c.Open(cursor); place != nowhere {
			t.Errorf("%s: %q", name, place)
		}
	}
}

func TestCursorsNeedTheirSecret(t *testing.T) {
	if _, err := NewCursors([]byte("short")); err == nil {
		t.Error("cursors without a secret")
	}
}
