package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"roost/vault/node/code"
)

// codes, after "kubo start": the node is served with a certificate of its own, and there are connection codes for it in
// files: code (its first address is dead), code.png, locked (password in code-password) and many that cannot be used.
func writeCodes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: codes")
	}
	to, err := url.Parse(of(ts).kubo.URL)
	ts.Check(err)
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(to))
	ts.Defer(front.Close)
	dead := httptest.NewTLSServer(nil)
	dead.Close()
	sum := sha256.Sum256(front.Certificate().Raw)
	good := code.Code{
		Name: "attic", Addresses: []string{dead.URL, front.URL}, Token: of(ts).kubo.Token, Fingerprint: hex.EncodeToString(sum[:]),
	}
	other, far, plain, stranger := good, good, good, good
	other.Fingerprint, other.Addresses = strings.Repeat("00", 32), []string{front.URL}
	far.Fingerprint, far.Addresses = "", []string{"http://192.0.2.7:5001"}
	plain.Fingerprint, plain.Addresses = "", []string{of(ts).kubo.URL}
	stranger.Token = "bearer:another"
	files := map[string]string{}
	for name, c := range map[string]code.Code{"code": good, "changed": other, "far": far, "plain": plain, "stranger": stranger} {
		files[name], err = c.Encode()
		ts.Check(err)
	}
	files["locked"], err = good.Seal("apple river")
	ts.Check(err)
	picture, err := code.PNG(files["code"])
	ts.Check(err)
	files["code.png"] = string(picture)
	files["cut"] = files["code"][:100]
	files["mistyped"] = files["code"][:100] + "7" + files["code"][102:] + "Q"
	files["newer"] = strings.Replace(files["code"], "ROOST1", "ROOST9", 1)
	files["nocode"] = "https://192.168.1.20:5443"
	files["nopicture.png"] = string(picture[:len(picture)/2])
	files["photo.heic"] = "\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic"
	files["code-password"] = "apple river\n"
	files["wrong-password"] = "apple rover\n"
	for name, text := range files {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}
