"""What a package is made of comes in; a CycloneDX document goes out, into the package, and is read out of it again."""
