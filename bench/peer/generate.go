package main

//go:generate go run ../../internal/engine/gen/guard --config gqlgen.yml --matrix matrix.csv
