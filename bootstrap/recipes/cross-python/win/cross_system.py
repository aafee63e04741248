"""What building for Windows needs besides: its folders. To be completed together with the Pythons of win-64."""
