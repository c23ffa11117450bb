package assets

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheLicenceIsThatOfTheRepository(t *testing.T) {
	there, err := os.ReadFile("../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(Licence, there) {
		t.Error("assets/licence.txt is not LICENSE: copy it")
	}
}

// Who is built into the program is named with it, at the version that is built in.
func TestTheNoticesNameEveryModule(t *testing.T) {
	text, err := Notices()
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "ci,no_glfw,headless", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "../app", "../ui")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for module := range strings.Lines(string(out)) {
		if module = strings.TrimSpace(module); module == "" {
			continue
		}
		if named++; !bytes.Contains(text, []byte("\n"+module+"\n")) {
			t.Errorf("the notices lack %s: run packaging/notices.sh", module)
		}
	}
	if named == 0 {
		t.Error("no module was found")
	}
	if !bytes.Contains(text, []byte("SIL OPEN FONT LICENSE")) {
		t.Error("the notices lack the typeface")
	}
}
