package assets

import _ "embed"

// Licence is Roost's own: the file LICENSE at the top of the repository, which only a copy can bring into the program.
//
//go:embed licence.txt
var Licence []byte
