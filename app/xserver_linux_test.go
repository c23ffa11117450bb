//go:build !headless

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// xServer is an X server without a screen, and as much of its protocol as tests need: what windows there are, and to close
// one as the button of its frame would.
type xServer struct {
	t       *testing.T
	display string // ":7"
	conn    net.Conn
	root    uint32
	testing byte // opcode of the extension for fake input; 0: not asked for yet
}

// errXWindow: the window is not there any more.
var errXWindow = errors.New("the X server answered with an error")

func startX(t *testing.T) *xServer {
	t.Helper()
	cmd := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1280x860x24", "-nolisten", "tcp")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	number, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	x := &xServer{t: t, display: ":" + strings.TrimSpace(number)}
	if x.conn, err = net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimSpace(number)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.conn.Close() })
	x.write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // little end first, version 11, no authorization
	head := x.read(8)
	if head[0] != 1 {
		t.Fatal("the X server refuses")
	}
	setup := x.read(4 * int(binary.LittleEndian.Uint16(head[6:])))
	vendor := (int(binary.LittleEndian.Uint16(setup[16:])) + 3) / 4 * 4
	x.root = binary.LittleEndian.Uint32(setup[32+vendor+8*int(setup[21]):])
	return x
}

func (x *xServer) write(b []byte) {
	x.t.Helper()
	if _, err := x.conn.Write(b); err != nil {
		x.t.Fatal(err)
	}
}

func (x *xServer) read(n int) []byte {
	x.t.Helper()
	b := make([]byte, n)
	if err := x.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		x.t.Fatal(err)
	}
	if _, err := io.ReadFull(x.conn, b); err != nil {
		x.t.Fatal(err)
	}
	return b
}

// send sends a request whose body is made of 32-bit words and bytes.
func (x *xServer) send(opcode, data byte, words []uint32, rest ...byte) {
	x.t.Helper()
	b := []byte{opcode, data, 0, 0}
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	b = append(b, rest...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(len(b)/4))
	x.write(b)
}

// reply reads the answer to the last request.
func (x *xServer) reply() ([]byte, error) {
	x.t.Helper()
	for {
		b := x.read(32)
		switch b[0] {
		case 0:
			return nil, errXWindow
		case 1:
			return append(b, x.read(4*int(binary.LittleEndian.Uint32(b[4:])))...), nil
		}
	}
}

func (x *xServer) atom(name string) uint32 {
	x.t.Helper()
	x.send(16, 0, []uint32{uint32(len(name))}, []byte(name)...)
	r, err := x.reply()
	if err != nil {
		x.t.Fatal(err)
	}
	return binary.LittleEndian.Uint32(r[8:])
}

// window is the one of this name that can be seen; 0 without one.
func (x *xServer) window(name string) uint32 {
	x.t.Helper()
	x.send(15, 0, []uint32{x.root}) // QueryTree
	tree, err := x.reply()
	if err != nil {
		x.t.Fatal(err)
	}
	for i := range int(binary.LittleEndian.Uint16(tree[16:])) {
		w := binary.LittleEndian.Uint32(tree[32+4*i:])
		x.send(20, 0, []uint32{w, 39, 0, 0, 64}) // GetProperty WM_NAME
		property, err := x.reply()
		if err != nil || string(property[32:32+binary.LittleEndian.Uint32(property[16:])]) != name {
			continue
		}
		x.send(3, 0, []uint32{w}) // GetWindowAttributes
		if attributes, err := x.reply(); err == nil && attributes[26] == 2 {
			return w
		}
	}
	return 0
}

// close asks a window to close.
func (x *xServer) close(window uint32) {
	x.t.Helper()
	protocols, remove := x.atom("WM_PROTOCOLS"), x.atom("WM_DELETE_WINDOW")
	event := []byte{33, 32, 0, 0} // ClientMessage
	for _, w := range []uint32{window, protocols, remove, 0, 0, 0, 0} {
		event = binary.LittleEndian.AppendUint32(event, w)
	}
	x.send(25, 0, []uint32{window, 0}, event...) // SendEvent
}

// picture is what a window shows.
func (x *xServer) picture(window uint32) image.Image {
	x.t.Helper()
	x.send(14, 0, []uint32{window}) // GetGeometry
	g, err := x.reply()
	if err != nil {
		x.t.Fatal(err)
	}
	width, height := int(binary.LittleEndian.Uint16(g[16:])), int(binary.LittleEndian.Uint16(g[18:]))
	x.send(73, 2, []uint32{window, 0, uint32(width) | uint32(height)<<16, 0xffffffff}) // GetImage
	r, err := x.reply()
	if err != nil {
		x.t.Fatal(fmt.Errorf("take a picture: %w", err))
	}
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		p := r[32+4*i:]
		picture.SetRGBA(i%width, i/width, color.RGBA{p[2], p[1], p[0], 255})
	}
	return picture
}
