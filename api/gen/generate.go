package gen

//go:generate go tool oapi-codegen -config models.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config server.yaml ../openapi.yaml
//go:generate go tool oapi-codegen -config client.yaml ../openapi.yaml
