package table

//go:generate go run -C _gen ./cells -out ../cells_amd64.s -stubs ../cells_amd64.go -pkg table
//go:generate go run -C _gen ./floats -out ../floats_amd64.s -stubs ../floats_amd64.go -pkg table
