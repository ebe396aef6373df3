package table

//go:generate go run -C _gen ./cells -out ../cells_amd64.s -stubs ../cells_amd64.go -pkg table
