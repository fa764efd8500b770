"""GraphQL: schema.graphql is the part of GitHub's schema that is served; a class for each of its
types answers its fields, under the same name in snake case."""
