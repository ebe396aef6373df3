package kernel

//go:generate go run -C _gen ./dense -out ../dense_amd64.s -stubs ../dense_amd64.go -pkg kernel
//go:generate go run -C _gen ./activation -out ../activation_amd64.s -stubs ../activation_amd64.go -pkg kernel
//go:generate go run -C _gen ./encode -out ../encode_amd64.s -stubs ../encode_amd64.go -pkg kernel
//go:generate go run -C _gen ./path -out ../path_amd64.s -stubs ../path_amd64.go -pkg kernel
//go:generate go run -C _gen ./dense64 -out ../dense64_amd64.s -stubs ../dense64_amd64.go -pkg kernel
//go:generate go run -C _gen ./outer -out ../outer_amd64.s -stubs ../outer_amd64.go -pkg kernel
//go:generate go run -C _gen ./learn -out ../learn_amd64.s -stubs ../learn_amd64.go -pkg kernel
//go:generate go run -C _gen ./tally -out ../tally_amd64.s -stubs ../tally_amd64.go -pkg kernel
