"""Systems: one real system a folder, built from what `cnetkit.lab` offers. The lab itself knows none of them."""
